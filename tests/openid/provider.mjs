// A real OpenID provider for tests: one public client, the device flow, signed access tokens.
// Its keys are made at its start, so one that is started again has others.
//   node provider.mjs PORT AUDIENCE TOKEN_SECONDS
import { generateKeyPairSync, randomBytes } from "node:crypto";
import Provider from "oidc-provider";

const [port, audience, seconds] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwk = privateKey.export({ format: "jwk" });
const kid = randomBytes(8).toString("hex");

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "hanza",
      token_endpoint_auth_method: "none",
      application_type: "native",
      grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: "ES256",
    },
  ],
  jwks: { keys: [{ ...jwk, kid, use: "sig", alg: "ES256" }] },
  cookies: { keys: [randomBytes(16).toString("hex")] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  extraTokenClaims: () => ({ teams: ["acme"] }),
  issueRefreshToken: async () => true,
  ttl: { AccessToken: Number(seconds), IdToken: Number(seconds) },
  features: {
    deviceFlow: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: "openid",
        audience,
        accessTokenFormat: "jwt",
        accessTokenTTL: Number(seconds),
        jwt: { sign: { alg: "ES256" } },
      }),
    },
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listens"));
