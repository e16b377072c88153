# Who can call what. `terraform test` needs no project and no credentials: the provider is mocked.
mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

mock_provider "archive" {}

variables {
  project = "some-project"
}

run "nobody_is_let_in_by_default" {
  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.public) == 0
    error_message = "Everybody may call ${join(", ", keys(google_cloud_run_v2_service_iam_member.public))}."
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.invoker) == 0
    error_message = "Somebody may call a function though nobody was named."
  }

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.event : function.service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY"])
    error_message = "on_build or sweep answers the Internet."
  }
}

run "there_is_a_function_for_each_operation" {
  assert {
    condition = (
      join(" ", keys(google_cloudfunctions2_function.http)) == "check delete_package download get infer list_packages upload"
    )
    error_message = "Made were ${join(", ", keys(google_cloudfunctions2_function.http))}."
  }
}

run "whoever_is_named_may_call_every_function_but_those_of_events" {
  variables {
    invokers = ["user:ada@example.org", "group:readers@example.org"]
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.invoker) == 2 * 7
    error_message = "There are ${length(google_cloud_run_v2_service_iam_member.invoker)} bindings."
  }

  assert {
    condition     = alltrue([for binding in google_cloud_run_v2_service_iam_member.invoker : binding.role == "roles/run.invoker"])
    error_message = "Callers got more than the right to call."
  }
}

run "reading_can_be_made_public" {
  variables {
    public = ["get", "list_packages", "download"]
  }

  assert {
    condition     = join(" ", keys(google_cloud_run_v2_service_iam_member.public)) == "download get list_packages"
    error_message = "Public are ${join(", ", keys(google_cloud_run_v2_service_iam_member.public))}."
  }

  assert {
    condition     = length(google_cloudfunctions2_function.http["get"].service_config[0].secret_environment_variables) == 0
    error_message = "A token is asked for that nobody set."
  }
}

run "one_url_is_public_with_a_token" {
  variables {
    one_url = true
    public  = ["api"]
    token   = { secret = "modelserver-token", version = "1" }
  }

  assert {
    condition     = google_cloudfunctions2_function.http["api"].service_config[0].secret_environment_variables[0].key == "MODELSERVER_TOKEN"
    error_message = "api is public and asks for no token."
  }

  assert {
    condition     = join(" ", keys(google_secret_manager_secret_iam_member.token)) == "api"
    error_message = "Somebody other than api reads the token."
  }

  assert {
    condition     = length(google_cloudfunctions2_function.http["get"].service_config[0].secret_environment_variables) == 0
    error_message = "get is guarded by IAM, and asks for a token besides."
  }
}

run "a_public_upload_without_a_token_is_refused" {
  command = plan
  variables {
    public = ["upload"]
  }
  expect_failures = [var.public]
}

run "on_build_cannot_be_public" {
  command = plan
  variables {
    public = ["on_build"]
  }
  expect_failures = [var.public]
}

run "api_cannot_be_public_without_being_made" {
  command = plan
  variables {
    public = ["api"]
    token  = { secret = "modelserver-token", version = "1" }
  }
  expect_failures = [var.public]
}

run "everybody_is_no_invoker" {
  command = plan
  variables {
    invokers = ["allUsers"]
  }
  expect_failures = [var.invokers]
}

run "a_token_has_a_version" {
  command = plan
  variables {
    token = { secret = "modelserver-token", version = "latest" }
  }
  expect_failures = [var.token]
}
