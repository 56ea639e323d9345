# Builds the image for a registry: for two platforms, with labels, an SBOM and a provenance
# attestation. For this machine alone, docker build is enough (Dockerfile).
#
#   docker buildx bake --print
#   REPOSITORY=registry.example.com/seen REVISION="$(git rev-parse HEAD)" docker buildx bake --push
#
# An environment variable replaces the variable of the same name. docs/docker.md explains the rest.

# As in package.json; a test compares them.
variable "VERSION" {
  default = "1.0.0"
}

# The name in the registry, without a tag. (IMAGE in compose.local.yml is a name with its tag.)
variable "REPOSITORY" {
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

# Separated by commas. The release workflow sets them (release/tags.ts): for a fix of an older version
# without latest.
variable "TAGS" {
  default = "${VERSION},latest"
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
  tags = formatlist("${REPOSITORY}:%s", split(",", TAGS))
  # max: includes the Dockerfile, the arguments, and each step with its inputs. None of them is
  # secret.
  attest = ["type=provenance,mode=max", "type=sbom"]
  output = ["type=image"]
}
