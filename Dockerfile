# A static binary as a user without rights, and nothing else.
#
#     docker build -t dhvani .
#     docker run -p 8080:8080 -v dhvani:/data dhvani
#
# Commands speak to the running process: docker exec NAME /dhvani shards
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags '-s -w' -o /image/dhvani ./cmd/dhvani
# The folder of all data belongs to the user below; Docker gives a new volume its owner.
# Authorities are for connections to PostgreSQL and NATS by TLS. Time zones are in the binary.
RUN mkdir -p /image/data /image/etc/ssl/certs && chown 65532:65532 /image/data && chmod 0700 /image/data && \
    cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/

FROM scratch
COPY --from=build /image /
USER 65532:65532
ENV DHVANI_DATA=/data DHVANI_LISTEN=:8080
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/dhvani"]
CMD ["serve"]
