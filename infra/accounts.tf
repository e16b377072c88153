# One account for each function; what each may do is one table, below. A function that is broken into can do
# what stands on its line. Whoever calls a function needs none of these rights, only the one to call it.
resource "google_service_account" "function" {
  for_each = local.functions

  account_id   = "${var.name}-${each.value.name}"
  display_name = "Runs the function ${each.key}"
}

locals {
  # The rights, by the roles of roles.tf. Records and builds are the project's (records: this database's);
  # objects are named with the prefix they are for.
  #
  # upload          reads and claims the record, submits the build, and asks how it stands while the caller waits;
  #                 shows the end of its log; checks the zip while it is staged, then moves it. Of an earlier
  #                 build that failed it removes zip, recipe and log.
  # get             one record; when a build was silent for long, asks Cloud Build, and records the end of it and
  #                 of its log.
  # download        one record, then the zip: its bytes, or a signed URL for them (signing: below). Or the log,
  #                 which it finds through Cloud Build.
  # list_packages   reads records, nothing else.
  # delete_package  cancels a build, records its end, removes record, zip, recipe and log, and what runs the package.
  # infer           one record; makes a service of Cloud Run where there is none yet, calls it, removes one that fails.
  # check           holds the zip in staging while it reads it: no record, no build.
  # on_build        is told how the build ended; reads the end of its log, records both once.
  # sweep           reads which zips the records name, and removes the others.
  rights = {
    upload = {
      records = ["record_create", "record_update"]
      builds  = ["build_submit", "build_read"]
      runs    = []
      objects = { "staging/" = "object_write", "packages/" = "object_write", "recipes/" = "object_write" }
      logs    = "object_remove"
    }
    get = {
      records = ["record_update"]
      builds  = ["build_read"]
      runs    = []
      objects = {}
      logs    = "object_read"
    }
    download = {
      records = ["record_read"]
      builds  = ["build_read"]
      runs    = []
      objects = { "staging/" = "object_read", "packages/" = "object_read" }
      logs    = "object_read"
    }
    list_packages = {
      records = ["record_list"]
      builds  = []
      runs    = []
      objects = {}
      logs    = null
    }
    delete_package = {
      records = ["record_update", "record_delete"]
      builds  = ["build_read", "build_cancel"]
      runs    = ["run_remove"]
      objects = { "staging/" = "object_remove", "packages/" = "object_remove", "recipes/" = "object_remove" }
      logs    = "object_remove"
    }
    check = {
      records = []
      builds  = []
      runs    = []
      objects = { "staging/" = "object_write" }
      logs    = null
    }
    infer = {
      records = ["record_read"]
      builds  = []
      runs    = ["run_call", "run_make", "run_remove"]
      objects = {}
      logs    = null
    }
    on_build = {
      records = ["record_update"]
      builds  = []
      runs    = []
      objects = {}
      logs    = "object_read"
    }
    sweep = {
      records = ["record_list"]
      builds  = []
      runs    = []
      objects = { "staging/" = "object_remove", "packages/" = "object_remove" }
      logs    = null
    }
    # Everything that the other HTTP functions may do: the price of one URL, and why it is not made by default.
    api = {
      records = ["record_create", "record_list", "record_update", "record_delete"]
      builds  = ["build_submit", "build_read", "build_cancel"]
      runs    = ["run_call", "run_make", "run_remove"]
      objects = { "staging/" = "object_write", "packages/" = "object_write", "recipes/" = "object_write" }
      logs    = "object_remove"
    }
  }
}

# A build runs as the build account: who submits one must be allowed to act as it, and as no other.
resource "google_service_account_iam_member" "submits_as_build" {
  for_each = toset([for name in keys(local.functions) : name if contains(local.rights[name].builds, "build_submit")])

  service_account_id = google_service_account.build.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.function[each.key].member
}

# A signed URL is signed with the function's own name, through the IAM API: there is no key file. On itself only.
resource "google_service_account_iam_member" "signs_as_itself" {
  for_each = toset([for name in keys(local.functions) : name if contains(["download", "api"], name)])

  service_account_id = google_service_account.function[each.key].name
  role               = google_project_iam_custom_role.modelserver["link_sign"].name
  member             = google_service_account.function[each.key].member
}
