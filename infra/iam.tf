# The table of accounts.tf, as bindings. Each is additive (_member): bindings of others are left alone.
locals {
  record_rights = merge([
    for name in keys(local.functions) : {
      for role in local.rights[name].records : "${name}/${role}" => { name = name, role = role }
    }
  ]...)

  build_rights = merge([
    for name in keys(local.functions) : {
      for role in local.rights[name].builds : "${name}/${role}" => { name = name, role = role }
    }
  ]...)

  run_rights = merge([
    for name in keys(local.functions) : {
      for role in local.rights[name].runs : "${name}/${role}" => { name = name, role = role }
    }
  ]...)

  object_rights = merge([
    for name in keys(local.functions) : {
      for prefix, role in local.rights[name].objects : "${name}/${prefix}" => { name = name, role = role, prefix = prefix }
    }
  ]...)

  log_rights = {
    for name in keys(local.functions) : name => local.rights[name].logs if local.rights[name].logs != null
  }
}

# Firestore has no bindings of its own; a condition on the project's names the one database.
resource "google_project_iam_member" "records" {
  for_each = local.record_rights

  project = var.project
  role    = google_project_iam_custom_role.modelserver[each.value.role].name
  member  = google_service_account.function[each.value.name].member

  condition {
    title      = "the database ${google_firestore_database.packages.name}"
    expression = "resource.name == \"projects/${var.project}/databases/${google_firestore_database.packages.name}\""
  }
}

# Builds can be told apart neither by a binding nor by a condition: who sees one sees all of the project's.
# Other builds that matter belong into another project.
resource "google_project_iam_member" "builds" {
  for_each = local.build_rights

  project = var.project
  role    = google_project_iam_custom_role.modelserver[each.value.role].name
  member  = google_service_account.function[each.value.name].member
}

# Services of Cloud Run that are yet to be made can be told apart neither by a binding nor by a condition: who may
# call one may call all of the project's, the functions too. The account `run`, which models have, is bound nowhere.
resource "google_project_iam_member" "runs" {
  for_each = local.run_rights

  project = var.project
  role    = google_project_iam_custom_role.modelserver[each.value.role].name
  member  = google_service_account.function[each.value.name].member
}

resource "google_storage_bucket_iam_member" "objects" {
  for_each = local.object_rights

  bucket = google_storage_bucket.packages.name
  role   = google_project_iam_custom_role.modelserver[each.value.role].name
  member = google_service_account.function[each.value.name].member

  condition {
    title      = "under ${each.value.prefix}"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.packages.name}/objects/${each.value.prefix}\")"
  }
}

# Listing is a right on the bucket, which no prefix can narrow. It shows names and sizes, no content.
resource "google_storage_bucket_iam_member" "lists_objects" {
  for_each = toset([for name in keys(local.functions) : name if length(local.rights[name].objects) > 0])

  bucket = google_storage_bucket.packages.name
  role   = google_project_iam_custom_role.modelserver["object_list"].name
  member = google_service_account.function[each.key].member
}

resource "google_storage_bucket_iam_member" "lists_logs" {
  for_each = local.log_rights

  bucket = google_storage_bucket.logs.name
  role   = google_project_iam_custom_role.modelserver["object_list"].name
  member = google_service_account.function[each.key].member
}

resource "google_storage_bucket_iam_member" "logs" {
  for_each = local.log_rights

  bucket = google_storage_bucket.logs.name
  role   = google_project_iam_custom_role.modelserver[each.value].name
  member = google_service_account.function[each.key].member
}
