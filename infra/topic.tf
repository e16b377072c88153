# Cloud Build publishes every change of every build of the project here; the name is Cloud Build's, not ours.
# Its own agent may publish: its role, which the API brings, says so.
resource "google_pubsub_topic" "builds" {
  #checkov:skip=CKV_GCP_83:Messages say how a build stands and hold no secret; Cloud Build publishes as an agent that a key of one's own would have to admit.
  name = "cloud-builds"

  # Kept for a day, so that what was missed can be replayed; `get` asks Cloud Build by itself anyway.
  message_retention_duration = "86400s"

  depends_on = [google_project_service.used]
}

# The event triggers themselves are made with the functions on_build and sweep (functions.tf). Pub/Sub proves who it
# is to them with an ID token of this account, which is allowed one thing: to call these two (invokers.tf).
resource "google_service_account" "trigger" {
  account_id   = "${var.name}-trigger"
  display_name = "Calls on_build and sweep for Pub/Sub"
}

# Pub/Sub's agent makes that token. On this one account, not on the project as a whole.
resource "google_service_account_iam_member" "pubsub_signs_as_trigger" {
  service_account_id = google_service_account.trigger.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"

  depends_on = [google_pubsub_topic.builds] # the agent exists once Pub/Sub was used
}
