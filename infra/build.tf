# Who builds packages. What runs here is a stranger's Dockerfile lines and model: the account can do three things.
resource "google_service_account" "build" {
  account_id   = "${var.name}-build"
  display_name = "Builds, tests and pushes packages"
}

# 1. Fetch the zip and the recipe. staging/ is not its business: a build gets only what was checked.
resource "google_storage_bucket_iam_member" "build_reads" {
  for_each = toset(["packages/", "recipes/"])

  bucket = google_storage_bucket.packages.name
  role   = google_project_iam_custom_role.modelserver["object_read"].name
  member = google_service_account.build.member

  condition {
    title      = "under ${each.key}"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.packages.name}/objects/${each.key}\")"
  }
}

# 2. Push images and the cache: two repositories, no right to delete in either.
resource "google_artifact_registry_repository_iam_member" "build_pushes" {
  for_each = {
    models = google_artifact_registry_repository.models.name
    cache  = google_artifact_registry_repository.cache.name
  }

  location   = var.region
  repository = each.value
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

# 3. Write the log. A build with an account of its own must have a log bucket of its own (or Cloud Logging);
#    buildspecs/model.yaml says GCS_ONLY, so it needs no right on Cloud Logging.
resource "google_storage_bucket" "logs" {
  #checkov:skip=CKV_GCP_62:Cloud Audit Logs record access where a project wants it; the older access logs need a bucket that Google's analytics group may write to.
  #checkov:skip=CKV_GCP_78:A log is written again and again while it grows; every version of it would be kept and paid for.
  name     = "${var.project}-${var.name}-logs"
  location = var.region

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    condition {
      age = var.keep_logs_days
    }
    action {
      type = "Delete"
    }
  }

  depends_on = [google_project_service.used]
}

# Cloud Build looks at the bucket before it writes, and writes the log anew as it grows: Google's guide asks for
# Storage Admin; these are its two parts that touch objects and the bucket's description, on this bucket alone.
resource "google_storage_bucket_iam_member" "build_logs" {
  for_each = toset(["roles/storage.objectUser", "roles/storage.legacyBucketReader"])

  bucket = google_storage_bucket.logs.name
  role   = each.key
  member = google_service_account.build.member
}

