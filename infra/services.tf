# The APIs. They stay on after a destroy: other things in the project may use them.
resource "google_project_service" "used" {
  for_each = toset(concat(
    [
      "artifactregistry.googleapis.com",
      "cloudbuild.googleapis.com",
      "cloudfunctions.googleapis.com",
      "cloudscheduler.googleapis.com",    # tells `sweep` that it is time
      "compute.googleapis.com",           # the network that models' traffic ends in
      "containeranalysis.googleapis.com", # keeps the provenance that Cloud Build signs; scanning, which costs, stays off
      "eventarc.googleapis.com",
      "firestore.googleapis.com",
      "iam.googleapis.com",
      "iamcredentials.googleapis.com", # signs download URLs
      "logging.googleapis.com",
      "pubsub.googleapis.com",
      "run.googleapis.com", # functions are Cloud Run services underneath
      "storage.googleapis.com",
    ],
    var.token == null ? [] : ["secretmanager.googleapis.com"],
  ))

  service            = each.key
  disable_on_destroy = false
}

data "google_project" "this" {
  project_id = var.project
}
