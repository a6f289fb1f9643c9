# hoplint alone: docker build -t hoplint . && docker run --rm -v "$PWD:/repository" hoplint check
FROM rust:1-alpine AS build
RUN apk add --no-cache musl-dev
WORKDIR /hoplint
COPY . .
RUN cargo build --release --locked --bin hoplint

# It is linked statically, and reads nothing but what it is given.
FROM scratch
COPY --from=build /hoplint/target/release/hoplint /hoplint
WORKDIR /repository
ENTRYPOINT ["/hoplint"]
