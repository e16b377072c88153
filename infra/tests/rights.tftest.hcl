# What each function may do, as it comes out of the table in accounts.tf.
mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

mock_provider "archive" {}

variables {
  project = "some-project"
}

run "list_packages_reads_records_and_nothing_else" {
  assert {
    condition = (
      join(" ", [for key in keys(google_project_iam_member.records) : key if startswith(key, "list_packages/")]) == "list_packages/record_list"
    )
    error_message = "list_packages does more with records than read them."
  }

  assert {
    condition = !anytrue([
      for key in concat(
        keys(google_project_iam_member.builds),
        keys(google_storage_bucket_iam_member.objects),
        keys(google_storage_bucket_iam_member.logs),
      ) : startswith(key, "list_packages")
    ])
    error_message = "list_packages has to do with builds, objects or logs."
  }
}

run "on_build_touches_no_zip_and_no_build" {
  assert {
    condition = !anytrue([
      for key in concat(keys(google_project_iam_member.builds), keys(google_storage_bucket_iam_member.objects)) :
      startswith(key, "on_build")
    ])
    error_message = "on_build reaches builds or zips; a message is all it needs."
  }
}

run "sweep_touches_no_build_and_writes_nothing" {
  assert {
    condition = (
      join(" ", [for key in keys(google_storage_bucket_iam_member.objects) : key if startswith(key, "sweep")]) == "sweep/packages/ sweep/staging/"
    )
    error_message = "sweep reaches more than zips."
  }

  assert {
    condition     = join(" ", [for key in keys(google_project_iam_member.records) : key if startswith(key, "sweep")]) == "sweep/record_list"
    error_message = "sweep does more with records than to read them."
  }

  assert {
    condition     = !anytrue([for key in keys(google_project_iam_member.builds) : startswith(key, "sweep")])
    error_message = "sweep has to do with builds."
  }
}

run "only_upload_submits_builds_and_acts_as_the_build_account" {
  assert {
    condition = (
      join(" ", [for key in keys(google_project_iam_member.builds) : key if endswith(key, "/build_submit")]) == "upload/build_submit"
    )
    error_message = "More than upload may submit builds."
  }

  assert {
    condition     = join(" ", keys(google_service_account_iam_member.submits_as_build)) == "upload"
    error_message = "More than upload may act as the build account."
  }
}

run "only_download_signs" {
  assert {
    condition     = join(" ", keys(google_service_account_iam_member.signs_as_itself)) == "download"
    error_message = "More than download signs URLs."
  }
}

run "records_are_those_of_this_database" {
  assert {
    condition = alltrue([
      for binding in google_project_iam_member.records :
      binding.condition[0].expression == "resource.name == \"projects/some-project/databases/modelserver\""
    ])
    error_message = "A right on records reaches beyond the database modelserver."
  }
}

run "objects_are_those_under_the_prefix" {
  assert {
    condition = alltrue([
      for key, binding in google_storage_bucket_iam_member.objects :
      strcontains(binding.condition[0].expression, "/objects/${split("/", key)[1]}/\")")
    ])
    error_message = "A right on objects has no prefix."
  }

  assert {
    condition     = join(" ", [for key in keys(google_storage_bucket_iam_member.build_reads) : key]) == "packages/ recipes/"
    error_message = "Builds read ${join(" ", keys(google_storage_bucket_iam_member.build_reads))}."
  }
}

run "one_url_has_the_rights_of_all_http_functions" {
  variables {
    one_url = true
  }

  assert {
    condition = alltrue(flatten([
      for name, rights in local.rights : [
        for right in concat(rights.records, rights.builds, rights.runs) :
        contains(concat(local.rights.api.records, local.rights.api.builds, local.rights.api.runs), right) || right == "record_read"
      ] if !contains(["on_build", "sweep"], name)
    ]))
    error_message = "api cannot do what another function can."
  }
}

run "records_and_zips_are_protected" {
  assert {
    condition     = google_firestore_database.packages.delete_protection_state == "DELETE_PROTECTION_ENABLED"
    error_message = "A destroy takes the records along."
  }

  assert {
    condition     = google_storage_bucket.packages.force_destroy == false
    error_message = "A destroy takes the zips along."
  }
}

run "protection_can_be_lifted" {
  variables {
    protect = false
  }

  assert {
    condition     = google_firestore_database.packages.delete_protection_state == "DELETE_PROTECTION_DISABLED" && google_storage_bucket.packages.force_destroy
    error_message = "protect = false leaves something that cannot be removed."
  }
}
