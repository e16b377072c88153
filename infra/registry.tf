# Images of packages. A tag names a package and target, and moves only when the package is deleted and uploaded again;
# what was tested is pinned by the Digest in its metadata. So tags are not immutable: the second build could not push.
resource "google_artifact_registry_repository" "models" {
  #checkov:skip=CKV_GCP_84:Encrypted with Google's keys. A key of one's own is a matter of each organization's rules, and costs its own rights and rotation.
  repository_id = "${var.name}-models"
  location      = var.region
  format        = "DOCKER"
  description   = "Images of packages, each tested before it came here."

  # Only what lost its tag goes (layers of deleted packages): a tagged image is somebody's model.
  cleanup_policies {
    id     = "untagged"
    action = "DELETE"
    condition {
      tag_state  = "UNTAGGED"
      older_than = "604800s" # a week
    }
  }

  depends_on = [google_project_service.used]
}

# Where builds leave their layers for the next build. This tag moves, so it needs a repository of its own.
resource "google_artifact_registry_repository" "cache" {
  #checkov:skip=CKV_GCP_84:Encrypted with Google's keys. A key of one's own is a matter of each organization's rules, and costs its own rights and rotation.
  repository_id = "${var.name}-cache"
  location      = var.region
  format        = "DOCKER"
  description   = "Layers for the next build. Safe to empty."

  cleanup_policies {
    id     = "stale"
    action = "DELETE"
    condition {
      tag_state  = "ANY"
      older_than = "1209600s" # two weeks; the next build is slower, nothing else
    }
  }

  depends_on = [google_project_service.used]
}

# The functions' own images: a repository of ours, so that who builds them needs no right on any other.
resource "google_artifact_registry_repository" "functions" {
  #checkov:skip=CKV_GCP_84:Encrypted with Google's keys. A key of one's own is a matter of each organization's rules, and costs its own rights and rotation.
  repository_id = "${var.name}-functions"
  location      = var.region
  format        = "DOCKER"
  description   = "The functions' own images."

  cleanup_policies {
    id     = "keep-newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 3
    }
  }

  cleanup_policies {
    id     = "old"
    action = "DELETE"
    condition {
      tag_state  = "ANY"
      older_than = "2592000s" # 30 days
    }
  }

  depends_on = [google_project_service.used]
}
