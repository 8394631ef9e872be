#!/usr/bin/env bash
# Make action.yml run a published image, by digest, instead of building the Dockerfile.
# Usage: pin_image.sh IMAGE sha256:DIGEST      (in the repository's root)
set -euo pipefail
image="$1"
digest="$2"
if ! [[ "$image" =~ ^[a-z0-9./_-]+$ && "$digest" =~ ^sha256:[0-9a-f]{64}$ ]]; then
    echo "Not an image and its digest: $image $digest" >&2
    exit 2
fi
if [ "$(grep -cx '  image: Dockerfile' action.yml)" != 1 ]; then
    echo "action.yml has no line '  image: Dockerfile' to replace." >&2
    exit 2
fi
sed -i "s|^  image: Dockerfile\$|  image: docker://$image@$digest|" action.yml
