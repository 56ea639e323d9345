# Builds the image for a registry: for two platforms, with labels, an SBOM and a provenance
# attestation. For this machine alone, docker build is enough (Dockerfile).
#
#   docker buildx bake --print
#   IMAGE=registry.example.com/seen REVISION="$(git rev-parse HEAD)" docker buildx bake --push
#
# An environment variable replaces the variable of the same name. docs/docker.md explains the rest.

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

# 1.2.3 also gets the tags 1.2, 1 and latest. 0.1.0 does not get the tag 0, because versions before
# 1.0.0 may be incompatible with each other. A pre-release, such as 1.2.3-rc.1, gets only its own
# tag.
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
  # Title, licence, version, commit and base image are in the Dockerfile. A null value omits the
  # label.
  labels = {
    "org.opencontainers.image.created" = CREATED
    "org.opencontainers.image.source"  = SOURCE == "" ? null : SOURCE
  }
  tags = formatlist("${IMAGE}:%s", tags(VERSION))
  # max: includes the Dockerfile, the arguments, and each step with its inputs. None of them is
  # secret.
  attest = ["type=provenance,mode=max", "type=sbom"]
  output = ["type=image"]
}
