# Who turns the bundle into the functions' images: not the project's default account, which may do far more.
resource "google_service_account" "deploy" {
  account_id   = "${var.name}-deploy"
  display_name = "Builds the functions' own images"
}

resource "google_project_iam_member" "deploy_logging" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.deploy.member
}

# Cloud Functions copies the bundle into a bucket of its own making (gcf-v2-sources-NUMBER-REGION) and builds
# from there, so the right cannot be given on that bucket: it is given on the project, for that name only.
resource "google_project_iam_member" "deploy_reads_source" {
  project = var.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.deploy.member

  condition {
    title      = "the copies of the source"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${data.google_project.this.number}-${var.region}\")"
  }
}

resource "google_storage_bucket_iam_member" "deploy_reads_bundle" {
  bucket = google_storage_bucket.sources.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.deploy.member
}

resource "google_artifact_registry_repository_iam_member" "deploy_pushes" {
  location   = var.region
  repository = google_artifact_registry_repository.functions.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.deploy.member
}
