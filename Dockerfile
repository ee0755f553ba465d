# docker build -t hausdorffd .
# docker run --rm -p 8080:8080 -v hausdorffd:/data hausdorffd

FROM swift:6.3-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      libmicrohttpd-dev libdnnl-dev libsimdjson-dev libspng-dev libarchive-dev nettle-dev libsqlite3-dev libpq-dev \
      zlib1g-dev pkg-config \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN swift build -c release --static-swift-stdlib --product hausdorffd \
 && install --strip .build/release/hausdorffd /usr/local/bin/hausdorffd

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      libmicrohttpd12 libdnnl2 libgomp1 libsimdjson14 libspng0 libarchive13 libnettle8 libsqlite3-0 libpq5 libstdc++6 zlib1g \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin hausdorffd \
 && install -d -o hausdorffd -g hausdorffd /data
COPY --from=build /usr/local/bin/hausdorffd /usr/local/bin/hausdorffd
ENV HAUSDORFFD_HOST=0.0.0.0 HAUSDORFFD_ADMIN_PORT=8081 HAUSDORFFD_DATA=/data
# By number, so that an orchestrator can tell that it is not root.
USER 10001:10001
VOLUME /data
# Requests; health and metrics, which need not be published.
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
# The admin port, which never has TLS and which `work` has too.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 CMD ["hausdorffd", "healthcheck", "--port", "8081"]
ENTRYPOINT ["hausdorffd"]
CMD ["serve"]
# Last, so that a new revision builds nothing again.
ARG REVISION=unknown
LABEL org.opencontainers.image.title="hausdorffd" \
      org.opencontainers.image.description="Scores segmentation masks with Hausdorff metrics and trains U-Nets on them" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"
