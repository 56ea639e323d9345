# The image of Seen: Bun, and one file with the whole program in it.
#
#   docker build -t stackdemo .
#   docker build -t stackdemo:v2 --build-arg VERSION=2.0.0 .
#
# docker-bake.hcl builds it for a registry, for two platforms and with attestations:
# docs/docker.md.

# The same Bun as in package.json (a test compares them), on Alpine, which is small and has ping,
# nslookup, nc and wget. This stage runs on the platform of the builder, because its result is the
# same for all. The last stage runs no command, so an image for another platform needs no
# emulation. Docker 20.10 without BuildKit leaves BUILDPLATFORM empty; `linux` then means its own
# platform.
FROM --platform=${BUILDPLATFORM:-linux} oven/bun:1.4.5-alpine AS build
WORKDIR /build
# Before the sources, so that Docker does not repeat the installation after a change of the
# sources.
COPY package.json package-lock.json ./
RUN bun install --frozen-lockfile --production
COPY build build
COPY src src
# The version in the log, in X-Served-By and in the labels below.
ARG VERSION=1.0.0
# One script with the whole program, the scripts for browsers, and the logos. Files of a clone may
# be readable only for their owner.
RUN bun pm pkg set version="$VERSION" && bun build/program.ts seen \
 && chmod -R a+rX seen
# For the stage below: the folder of the volume, and the command `seen` for docker exec, as in
# docker exec NAME seen backup FILE.
RUN mkdir data bin && printf '#!/bin/sh\nexec bun /usr/local/lib/seen/seen.js "$@"\n' > bin/seen && chmod 755 bin/seen

FROM oven/bun:1.4.5-alpine
ARG VERSION=1.0.0
# The commit: docker build --build-arg REVISION="$(git rev-parse HEAD)" …
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Seen" \
      org.opencontainers.image.description="A visit counter that is right" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/oven/bun:1.4.5-alpine"
COPY --from=build /build/seen /usr/local/lib/seen
COPY --from=build /build/bin /usr/local/bin
# The counts are here, unless SEEN_STORE_URL is set. Mount a volume, otherwise they are deleted
# with the container. A new named volume gets the owner of this folder.
COPY --from=build --chown=bun:bun /build/data /data
# One replica per container, because the orchestrator starts the others. The operations port is
# open to other containers, but not published. Bun caches DNS results for 30 s by default, but in a
# Swarm the address of a name may change at any time. docker stop kills after 10 s, so Seen ends
# before.
ENV SEEN_STORE_URL=sqlite:/data/seen.db \
    SEEN_REPLICAS=1 \
    SEEN_OPERATIONS_HOST=:: \
    SEEN_OPERATIONS_PORT=9100 \
    SEEN_STOP_MS=9000 \
    BUN_CONFIG_DNS_TIME_TO_LIVE_SECONDS=1
USER bun
EXPOSE 8000 9100
# Healthy means listening for visits; the store is not checked (decision 7).
HEALTHCHECK --interval=3s --timeout=5s --start-period=40s --retries=5 \
    CMD wget -q -O /dev/null "http://127.0.0.1:$SEEN_OPERATIONS_PORT/healthz"
# No shell or script runner starts the program, so that it receives signals. As process 1 it must
# handle SIGTERM.
ENTRYPOINT ["bun", "/usr/local/lib/seen/seen.js"]
CMD ["serve"]
