"""The standard's API: regions, workspaces, compute and storage, all made from `model.kinds`."""
