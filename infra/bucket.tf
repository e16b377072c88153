# Zips:
#   staging/   as they arrive, in one request or through a resumable session; gone after eight days
#   packages/  once checked; moved here, never copied
#   recipes/   what a build needs beside the zip: Dockerfile, runtime, description
resource "google_storage_bucket" "packages" {
  #checkov:skip=CKV_GCP_62:Cloud Audit Logs record access where a project wants it; the older access logs need a bucket that Google's analytics group may write to.
  #checkov:skip=CKV_GCP_78:Objects are never replaced (every write says ifGenerationMatch=0), so there are no older versions to keep.
  name     = "${var.project}-${var.name}-packages"
  location = var.region

  uniform_bucket_level_access = true # IAM alone decides; conditions on prefixes need it
  public_access_prevention    = "enforced"
  force_destroy               = !var.protect

  # Google's default keeps what was deleted for 7 more days, and bills it: each upload would be paid twice,
  # staged and kept, and DELETE would not be one. Zips can be rebuilt from their sources; so the default is 0.
  soft_delete_policy {
    retention_duration_seconds = var.undelete_days * 86400
  }

  lifecycle_rule {
    condition {
      age            = 8 # a session can be finished for a week, and is marked there when it begins
      matches_prefix = ["staging/"]
    }
    action {
      type = "Delete"
    }
  }

  lifecycle_rule {
    condition {
      age            = 7 # a build ends within a day, its retries too
      matches_prefix = ["recipes/"]
    }
    action {
      type = "Delete"
    }
  }

  # Nothing of ours uploads in parts; a part that a foreign client left would be billed for ever.
  lifecycle_rule {
    condition {
      age = 1
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  depends_on = [google_project_service.used]
}

# The functions' own source: one bundle, which Terraform replaces when it changes.
resource "google_storage_bucket" "sources" {
  #checkov:skip=CKV_GCP_62:Cloud Audit Logs record access where a project wants it; the older access logs need a bucket that Google's analytics group may write to.
  #checkov:skip=CKV_GCP_78:A bundle's name is its content's checksum: a version is another object, and is made anew from the repository.
  name     = "${var.project}-${var.name}-sources"
  location = var.region

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true # a bundle is made anew from the repository

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  depends_on = [google_project_service.used]
}
