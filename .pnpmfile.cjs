/** Changes that `pnpm pack` and `pnpm publish` make in the manifests of packages. */
module.exports = {
  hooks: {
    /** Removes the condition that points to the sources, which are not in the tarballs. */
    beforePacking(manifest) {
      for (const conditions of Object.values(manifest.exports)) delete conditions['@dn-detr/source'];
      return manifest;
    },
  },
};
