/** What `pnpm pack` and `pnpm publish` change in the manifests of packages. */
module.exports = {
  hooks: {
    /** The sources are not in the tarballs, so that no condition may lead to them. */
    beforePacking(manifest) {
      for (const conditions of Object.values(manifest.exports)) delete conditions['@dn-detr/source'];
      return manifest;
    },
  },
};
