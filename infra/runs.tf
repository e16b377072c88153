# Where models run for `infer`: a Cloud Run service for each package that is asked, made by the function, at rest
# without an instance and without cost. What runs there is a stranger's code.

# Its account has no right at all: the token that an instance finds opens nothing.
resource "google_service_account" "run" {
  account_id   = "${var.name}-run"
  display_name = "Runs packages; has no rights"
}

# Who makes a service must be allowed to act as its account, and to read the image that it names.
resource "google_service_account_iam_member" "runs_as_run" {
  for_each = toset([for name in keys(local.functions) : name if contains(local.rights[name].runs, "run_make")])

  service_account_id = google_service_account.run.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.function[each.key].member
}

resource "google_artifact_registry_repository_iam_member" "runs_read" {
  for_each = toset([for name in keys(local.functions) : name if contains(local.rights[name].runs, "run_make")])

  location   = var.region
  repository = google_artifact_registry_repository.models.name
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.function[each.key].member
}

# All that a model sends goes into this network, and ends there: it has no route to the Internet, and no way on.
resource "google_compute_network" "runs" {
  name                            = "${var.name}-runs"
  auto_create_subnetworks         = false
  delete_default_routes_on_create = true

  depends_on = [google_project_service.used]
}

resource "google_compute_subnetwork" "runs" {
  #checkov:skip=CKV_GCP_26:Nothing passes here: flow logs of refused packets would cost and tell little.
  #checkov:skip=CKV_GCP_74:What models send is to reach nobody, and so not Google's APIs either.
  #checkov:skip=CKV_GCP_76:The network has addresses of IPv4 alone, so nothing leaves it by IPv6.
  name                     = "${var.name}-runs"
  region                   = var.region
  network                  = google_compute_network.runs.id
  ip_cidr_range            = "10.128.0.0/22" # an instance takes an address, and keeps it for some minutes after its end
  private_ip_google_access = false
}

resource "google_compute_firewall" "runs" {
  name      = "${var.name}-runs"
  network   = google_compute_network.runs.name
  direction = "EGRESS"
  priority  = 1000

  deny {
    protocol = "all"
  }

  destination_ranges = ["0.0.0.0/0"]
}
