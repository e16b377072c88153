# An instance can end between two steps. What it began is taken up when it is asked for again; a zip that it left, of a
# package that was being deleted or sent anew, is named by no record and asked for by nobody. So once a day `sweep` is
# told to look for such zips. What is staged goes by itself (bucket.tf).
resource "google_pubsub_topic" "sweeps" {
  #checkov:skip=CKV_GCP_83:The message says nothing but that it is time; there is nothing in it that a key could hide.
  name = "${var.name}-sweeps"

  depends_on = [google_project_service.used]
}

resource "google_cloud_scheduler_job" "sweep" {
  name        = "${var.name}-sweep"
  description = "Removes zips that no record names."
  region      = var.region
  schedule    = "23 3 * * *"
  time_zone   = "Etc/UTC"

  pubsub_target {
    topic_name = google_pubsub_topic.sweeps.id
    data       = base64encode("sweep")
  }

  depends_on = [google_project_service.used]
}
