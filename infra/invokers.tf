# Who may call what. The right is bound on the Cloud Run service under a function: on the function itself the
# API refuses roles/run.invoker. A function that is made anew has a new service without bindings; they are named
# by the function's own word for its service, unknown until then, so that they are made anew with it.
locals {
  services = {
    for name, function in merge(google_cloudfunctions2_function.http, google_cloudfunctions2_function.event) :
    name => basename(function.service_config[0].service)
  }

  calls = {
    for call in setproduct(keys(local.http_functions), var.invokers) : "${call[0]} ${call[1]}" => { name = call[0], member = call[1] }
  }
}

resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = local.calls

  location = var.region
  name     = local.services[each.value.name]
  role     = "roles/run.invoker"
  member   = each.value.member
}

# The only place where everybody is let in, and only where the variable names the function.
resource "google_cloud_run_v2_service_iam_member" "public" {
  for_each = var.public

  location = var.region
  name     = local.services[each.key]
  role     = "roles/run.invoker"
  member   = "allUsers"
}

# Pub/Sub, in the person of the trigger's account, calls the functions that are told of events, and nothing else.
resource "google_cloud_run_v2_service_iam_member" "trigger" {
  for_each = local.topics

  location = var.region
  name     = local.services[each.key]
  role     = "roles/run.invoker"
  member   = google_service_account.trigger.member
}
