# The image for amd64 and arm64, with an SBOM and its provenance. From the root of the repository:
#
#   docker buildx create --name multi --driver docker-container --use     # once
#   IMAGE=registry.example.com/hyperfleet-api VERSION=0.1.0 docker buildx bake -f deploy/docker-bake.hcl --push
#
# Each variable is read from the environment. With `env $(deploy/base-images)` before the command, the base images
# are pinned to the digests that their tags have at that time.

variable "IMAGE" {
  default = "hyperfleet-api"
}

# The version of the program. Also the image tag, unless TAG is set.
variable "VERSION" {
  default = "0.0.0-dev"
}

variable "TAG" {
  default = ""
}

variable "COMMIT" {
  default = "unknown"
}

# Time of the commit, in RFC 3339 format.
variable "CREATED" {
  default = "unknown"
}

# image@sha256:…; if empty, the tag in deploy/Dockerfile is used.
variable "BUILD_IMAGE" {
  default = ""
}

variable "RUNTIME_IMAGE" {
  default = ""
}

target "default" {
  context    = "."
  dockerfile = "deploy/Dockerfile"
  platforms  = ["linux/amd64", "linux/arm64"]
  tags       = ["${IMAGE}:${TAG != "" ? TAG : VERSION}"]
  args = {
    VERSION = VERSION
    COMMIT  = COMMIT
    CREATED = CREATED
    # null selects the default in the Dockerfile.
    BUILD_IMAGE   = BUILD_IMAGE != "" ? BUILD_IMAGE : null
    RUNTIME_IMAGE = RUNTIME_IMAGE != "" ? RUNTIME_IMAGE : null
  }
  attest = ["type=sbom", "type=provenance,mode=max"]
}
