/** Builds the pages into the package: `src/hanza/web/page`, which a plane serves as they are. */
import { defineConfig } from "vite";

export default defineConfig({
  base: "/",
  build: {
    outDir: "../src/hanza/web/page",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    rolldownOptions: { input: ["index.html", "console.html"] },
  },
});
