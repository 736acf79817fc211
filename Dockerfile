# The server image: the build, and the few files that it needs. tests/integration/image.test.ts runs the server from exactly
# the files copied below.

FROM node:24-slim AS build
WORKDIR /app
ENV ASTRO_TELEMETRY_DISABLED=1
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY astro.config.mjs tsconfig.json ./
COPY scripts scripts
COPY migrations migrations
COPY public public
COPY src src
RUN node scripts/build.mjs

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
# As scripts/allocator.mjs has them.
ENV MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=262144
# Everything else is in the bundle; this is native code.
COPY --from=build /app/node_modules/@node-rs node_modules/@node-rs
COPY --from=build /app/package.json package.json
COPY --from=build /app/migrations migrations
COPY --from=build /app/dist dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
# Git over SSH, where SSH_PORT says so.
EXPOSE 2222
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/server.js"]
