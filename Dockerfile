# Two images: `rtpengine`, and the last one, Maskline itself.
# The tags name versions; for a build that never changes add the digests of your own registry to them.

FROM debian:bookworm-20251229-slim AS rtpengine
# The version that the tests run against. Without a kernel module: it needs no rights on the machine.
RUN apt-get update \
  && apt-get install -y --no-install-recommends 'rtpengine-daemon=10.5.*' \
  && rm -rf /var/lib/apt/lists/* /etc/rtpengine/rtpengine.conf
USER rtpengine
ENTRYPOINT ["rtpengine", "--config-file=none", "--foreground", "--log-stderr"]

FROM node:20.20.2-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npx tsc -p tsconfig.build.json && rm -f dist/.tsbuildinfo
# What is not TypeScript, such as the Redis scripts, is read where it lies.
RUN mkdir /rest && find src -type f ! -name '*.ts' -exec cp --parents '{}' /rest ';'
RUN npm prune --omit=dev --no-audit --no-fund

FROM node:20.20.2-bookworm-slim AS maskline
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /rest ./
COPY config ./config
COPY sounds ./sounds
RUN install -d -o node -g node -m 700 /var/lib/maskline
ENV MASKLINE_DATA_DIR=/var/lib/maskline
VOLUME /var/lib/maskline
USER node
EXPOSE 3000 9464
CMD ["node", "dist/main.js"]
