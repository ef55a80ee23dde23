# The processor as a service: docker build -t llm-optimizer-processor .
# Built and run for linux/amd64: RocksDB has no prebuilt binary for linux/arm64.

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
ENV CI=true
COPY package.json package-lock.json .npmrc ./
# The page is a workspace: without its manifest what it is built with would not be installed.
COPY dashboard/package.json dashboard/
# The Node that the lock file pins is for development; the image has its own.
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build
RUN npm pack --silent --ignore-scripts --pack-destination /build \
  && mkdir /app \
  && cp package-lock.json /app/ \
  && tar -xzf /build/llm-optimizer-processor-*.tgz -C /app --strip-components=1 \
  && cp .npmrc /app/
WORKDIR /app
# RocksDB ships its sources and binaries for other systems: 50 MB that nothing here reads.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/@nxtedition/rocksdb/deps node_modules/@nxtedition/rocksdb/prebuilds/darwin-arm64 \
    node_modules/@nxtedition/rocksdb/prebuilds.zip

FROM node:24.21.0-bookworm-slim
LABEL org.opencontainers.image.title="llm-optimizer-processor" \
  org.opencontainers.image.description="Windowed aggregates over streams of LLM events, in event time, exactly once" \
  org.opencontainers.image.licenses="Apache-2.0"
# 10001: a user of no other image. Only the state is writable; the rest of the file system can be mounted read-only.
RUN groupadd --gid 10001 processor \
  && useradd --uid 10001 --gid processor --no-create-home --shell /usr/sbin/nologin processor \
  && mkdir -p /etc/optimizer /var/lib/optimizer \
  && chown processor:processor /var/lib/optimizer \
  && rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-*
COPY --from=build /app /app
COPY config/production.yaml /etc/optimizer/processor.yaml
RUN chmod 755 /app/dist/cli/main.js \
  && ln -s /app/dist/cli/main.js /usr/local/bin/processor
ENV NODE_ENV=production
USER 10001:10001
WORKDIR /var/lib/optimizer
VOLUME /var/lib/optimizer
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 \
  CMD ["processor", "health", "--url", "http://127.0.0.1:8080"]
ENTRYPOINT ["processor"]
CMD ["--config", "/etc/optimizer/processor.yaml"]
