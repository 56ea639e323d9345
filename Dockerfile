# The image of Seen: Bun, and one file with the whole program in it.
#
#   docker build -t stackdemo .
#   docker build -t stackdemo:v2 --build-arg VERSION=2.0.0 .

# The same Bun as in package.json (a test compares them), on Alpine: small, with ping, nslookup, nc and wget.
FROM oven/bun:1.4.5-alpine AS build
WORKDIR /build
# Before the sources, so that a change of the sources does not repeat the installation.
COPY package.json package-lock.json ./
RUN bun install --frozen-lockfile --production
COPY build build
COPY src src
# The version in the log, in X-Served-By and in the labels below.
ARG VERSION=0.1.0
# One script with the whole program, the scripts for browsers, and the logos.
RUN bun pm pkg set version="$VERSION" && bun build/program.ts seen

FROM oven/bun:1.4.5-alpine
ARG VERSION=0.1.0
# The commit: docker build --build-arg REVISION="$(git rev-parse HEAD)" …
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Seen" \
      org.opencontainers.image.description="A visit counter that is right" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /build/seen /usr/local/lib/seen
# The place of the counts without SEEN_STORE_URL: mount a volume here, otherwise they are lost with the container.
RUN mkdir /data && chown bun:bun /data
# One replica per container, because the orchestrator starts the others. The operations port is open to other containers,
# but not published. Bun caches DNS results for 30 s by default, and in a Swarm a name may move at any time.
ENV SEEN_STORE_URL=sqlite:/data/seen.db \
    SEEN_REPLICAS=1 \
    SEEN_OPERATIONS_HOST=:: \
    SEEN_OPERATIONS_PORT=9100 \
    BUN_CONFIG_DNS_TIME_TO_LIVE_SECONDS=1
USER bun
EXPOSE 8000 9100
# Healthy means listening for visits; the store is not checked (decision 7).
HEALTHCHECK --interval=3s --timeout=5s --start-period=40s --retries=5 \
    CMD wget -q -O /dev/null "http://127.0.0.1:$SEEN_OPERATIONS_PORT/healthz"
# The program itself, without a shell or script runner, so that it receives signals; as process 1 it must handle SIGTERM.
ENTRYPOINT ["bun", "/usr/local/lib/seen/seen.js"]
CMD ["serve"]
