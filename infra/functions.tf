# One CPU each: less would force one request at a time, and two bring nothing, Python computes on one.
#
#   memory         the process is about 80 MB; /tmp is memory too. 1Gi where zips pass through: a request holds
#                  some MiB of buffers and the zip's directory, of up to 100,000 entries.
#   concurrency    requests at once in an instance, and THREADS, its threads: were there fewer threads, requests
#                  would queue where no scaling sees them. High where a request waits for Firestore, low where
#                  it computes checksums.
#   timeout        seconds, after which the caller gets 504. An upload answers when the build has ended, and a
#                  log (download) can be followed to its end, a model (infer) may compute: 3600, Google's limit. The others never take long.
#   max_instances  bounds the bill, and how many builds can be asked for at once.
locals {
  every_function = {
    upload         = { name = "upload", memory = "1Gi", concurrency = 8, timeout = 3600, max_instances = 10 }
    get            = { name = "get", memory = "512Mi", concurrency = 32, timeout = 60, max_instances = 20 }
    download       = { name = "download", memory = "512Mi", concurrency = 16, timeout = 3600, max_instances = 20 }
    list_packages  = { name = "list", memory = "512Mi", concurrency = 32, timeout = 60, max_instances = 10 }
    delete_package = { name = "delete", memory = "512Mi", concurrency = 8, timeout = 300, max_instances = 5 }
    infer          = { name = "infer", memory = "512Mi", concurrency = 32, timeout = 3600, max_instances = 20 }
    check          = { name = "check", memory = "1Gi", concurrency = 8, timeout = 300, max_instances = 10 }
    on_build       = { name = "on-build", memory = "512Mi", concurrency = 8, timeout = 120, max_instances = 5 }
    sweep          = { name = "sweep", memory = "512Mi", concurrency = 2, timeout = 540, max_instances = 1 }
    api            = { name = "api", memory = "1Gi", concurrency = 16, timeout = 3600, max_instances = 20 }
  }

  # By entry point, in functions/main.py.
  functions      = { for name, function in local.every_function : name => function if name != "api" || var.one_url }
  http_functions = { for name, function in local.functions : name => function if !contains(keys(local.topics), name) }

  # The functions that are told of something, and where.
  topics = {
    on_build = google_pubsub_topic.builds.id
    sweep    = google_pubsub_topic.sweeps.id
  }

  # The same for every function: settings are no rights.
  settings = {
    MODELSERVER_PROJECT               = var.project
    MODELSERVER_LOCATION              = var.region
    MODELSERVER_BUCKET                = google_storage_bucket.packages.name
    MODELSERVER_LOGS_BUCKET           = google_storage_bucket.logs.name
    MODELSERVER_DATABASE              = google_firestore_database.packages.name
    MODELSERVER_REGISTRY              = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.models.name}"
    MODELSERVER_CACHE_REGISTRY        = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.cache.name}"
    MODELSERVER_BUILD_SERVICE_ACCOUNT = google_service_account.build.email

    MODELSERVER_RUN_SERVICE_ACCOUNT = google_service_account.run.email
    MODELSERVER_RUN_SUBNETWORK      = google_compute_subnetwork.runs.id

    # Google ends a request at 32 MB; below that, room for what a form puts around the zip. Above: sessions.
    MODELSERVER_MAX_DIRECT = tostring(30 * 1024 * 1024)

    # Google ends a request at its timeout with a page of its own. Before that, an upload that waits is told 202.
    MODELSERVER_MAX_WAIT = "3300" # seconds; what is left of `timeout` is for taking in the zip

    # What no record names is swept when it is older than a session lives, which is a week.
    MODELSERVER_SWEEP_AFTER = tostring(9 * 24 * 3600)

    # Else the storage client asks in a thread for the bucket's metadata, for traces: our accounts may not read it.
    DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA = "true"

    LOG_EXECUTION_ID = "true" # log lines as JSON, with the request they belong to
  }
}

resource "google_cloudfunctions2_function" "http" {
  #checkov:skip=CKV_GCP_124:curl comes from the Internet. Without a binding in invokers.tf Google answers 403 before the function runs.
  for_each = local.http_functions

  name     = "${var.name}-${each.value.name}"
  location = var.region

  build_config {
    runtime           = "python312"
    entry_point       = each.key
    service_account   = google_service_account.deploy.id
    docker_repository = google_artifact_registry_repository.functions.id

    environment_variables = {
      GOOGLE_FUNCTION_SOURCE = "functions/main.py" # the bundle is laid out as the repository is
    }

    source {
      storage_source {
        bucket = google_storage_bucket.sources.name
        object = google_storage_bucket_object.bundle.name
      }
    }
  }

  service_config {
    available_cpu                    = "1"
    available_memory                 = each.value.memory
    max_instance_request_concurrency = each.value.concurrency
    max_instance_count               = each.value.max_instances
    timeout_seconds                  = each.value.timeout
    service_account_email            = google_service_account.function[each.key].email
    # Open to the Internet as an address: curl comes from there. Who may call is for invokers.tf to say.
    ingress_settings = "ALLOW_ALL"

    environment_variables = merge(local.settings, { THREADS = tostring(each.value.concurrency) })

    # Public functions ask for a token of ours; the others are guarded by IAM (entry.tf).
    dynamic "secret_environment_variables" {
      for_each = var.token != null && contains(var.public, each.key) ? [var.token] : []
      content {
        key        = "MODELSERVER_TOKEN"
        project_id = var.project
        secret     = secret_environment_variables.value.secret
        version    = secret_environment_variables.value.version
      }
    }
  }

  depends_on = [
    google_artifact_registry_repository_iam_member.deploy_pushes,
    google_project_iam_member.deploy_logging,
    google_project_iam_member.deploy_reads_source,
    google_secret_manager_secret_iam_member.token,
    google_storage_bucket_iam_member.deploy_reads_bundle,
  ]
}

resource "google_cloudfunctions2_function" "event" {
  for_each = local.topics

  name     = "${var.name}-${local.functions[each.key].name}"
  location = var.region

  build_config {
    runtime           = "python312"
    entry_point       = each.key
    service_account   = google_service_account.deploy.id
    docker_repository = google_artifact_registry_repository.functions.id

    environment_variables = {
      GOOGLE_FUNCTION_SOURCE = "functions/main.py"
    }

    source {
      storage_source {
        bucket = google_storage_bucket.sources.name
        object = google_storage_bucket_object.bundle.name
      }
    }
  }

  service_config {
    available_cpu                    = "1"
    available_memory                 = local.functions[each.key].memory
    max_instance_request_concurrency = local.functions[each.key].concurrency
    max_instance_count               = local.functions[each.key].max_instances
    timeout_seconds                  = local.functions[each.key].timeout
    service_account_email            = google_service_account.function[each.key].email
    ingress_settings                 = "ALLOW_INTERNAL_ONLY" # Pub/Sub of this project counts as internal

    environment_variables = merge(local.settings, { THREADS = tostring(local.functions[each.key].concurrency) })
  }

  # Without RETRY a message whose handling failed is dropped: a package would build until `get` asks.
  event_trigger {
    event_type            = "google.cloud.pubsub.topic.v1.messagePublished"
    pubsub_topic          = each.value
    retry_policy          = "RETRY_POLICY_RETRY"
    service_account_email = google_service_account.trigger.email
    trigger_region        = var.region
  }

  depends_on = [
    google_artifact_registry_repository_iam_member.deploy_pushes,
    google_project_iam_member.deploy_logging,
    google_project_iam_member.deploy_reads_source,
    google_service_account_iam_member.pubsub_signs_as_trigger,
    google_storage_bucket_iam_member.deploy_reads_bundle,
  ]
}
