# The public entry, if one is wanted, is the function `api` (one_url = true, public = ["api"], token = …): it is
# every route at one URL with Google's TLS, and costs nothing while nobody calls. README.md says why it is
# neither a load balancer nor an API Gateway.
#
# A caller from the Internet has no Google identity, so a public function asks for a token of ours. It lives in
# Secret Manager; made outside of Terraform, whose state would show it:
#
#   openssl rand -hex 32 | tr -d '\n' | gcloud secrets create modelserver-token --data-file=-
resource "google_secret_manager_secret_iam_member" "token" {
  for_each = var.token == null ? toset([]) : var.public

  secret_id = var.token.secret
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.function[each.key].member

  depends_on = [google_project_service.used]
}
