# Builds the image for a registry: both platforms, labels, an SBOM and a provenance attestation. For this machine alone,
# docker build is enough (Dockerfile).
#
#   docker buildx bake --print
#   IMAGE=registry.example.com/seen REVISION="$(git rev-parse HEAD)" docker buildx bake --push
#
# A variable of the environment replaces the variable here of the same name. docs/docker.md explains the rest.

# As in package.json; a test compares them.
variable "VERSION" {
  default = "1.0.0"
}

# The name in the registry, without a tag.
variable "IMAGE" {
  default = "seen"
}

# The commit.
variable "REVISION" {
  default = "unknown"
}

# The time of the build, as in 2026-11-30T12:00:00Z.
variable "CREATED" {
  default = timestamp()
}

# Where the sources are, as in https://example.com/seen.
variable "SOURCE" {
  default = ""
}

# 1.2.3 is also 1.2, 1 and latest. A version before 1.0.0 may change what it likes, so 0.1.0 is not 0. A pre-release, such as
# 1.2.3-rc.1, is only itself.
function "tags" {
  params = [version]
  result = length(regexall("-", version)) > 0 ? [version] : distinct(compact([
    version,
    join(".", slice(split(".", version), 0, 2)),
    split(".", version)[0] == "0" ? "" : split(".", version)[0],
    "latest",
  ]))
}

group "default" {
  targets = ["image"]
}

target "image" {
  context   = "."
  platforms = ["linux/amd64", "linux/arm64"]
  args = {
    VERSION  = VERSION
    REVISION = REVISION
  }
  # Title, licence, version, commit and base image are in the Dockerfile. An empty label is none.
  labels = {
    "org.opencontainers.image.created" = CREATED
    "org.opencontainers.image.source"  = SOURCE == "" ? null : SOURCE
  }
  tags = formatlist("${IMAGE}:%s", tags(VERSION))
  # max: with the Dockerfile, the arguments, and each step with its materials. Nothing secret is in them.
  attest = ["type=provenance,mode=max", "type=sbom"]
  output = ["type=image"]
}
