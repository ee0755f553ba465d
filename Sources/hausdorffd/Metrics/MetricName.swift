/// What the server tells of itself, in Prometheus's terms: base units, `_total` for what only grows.
enum MetricName: String, CaseIterable {
  case requests = "hausdorffd_http_requests_total"
  case requestDuration = "hausdorffd_http_request_duration_seconds"
  case receivedBytes = "hausdorffd_http_received_bytes_total"
  case sentBytes = "hausdorffd_http_sent_bytes_total"
  case connections = "hausdorffd_http_connections"
  case activeRequests = "hausdorffd_http_active_requests"
  case refused = "hausdorffd_refused_total"
  case places = "hausdorffd_queue_places"
  case placesLimit = "hausdorffd_queue_places_limit"
  case waiting = "hausdorffd_queue_waiting"
  case queuedBytes = "hausdorffd_queue_bytes"
  case queuedBytesLimit = "hausdorffd_queue_bytes_limit"
  case queueWait = "hausdorffd_queue_wait_seconds"
  case workers = "hausdorffd_workers"
  case busyWorkers = "hausdorffd_workers_busy"
  case itemsScored = "hausdorffd_items_scored_total"
  case losses = "hausdorffd_losses_total"
  case emptyMasks = "hausdorffd_empty_masks_total"
  case jobs = "hausdorffd_jobs"
  case epochDuration = "hausdorffd_training_epoch_seconds"
  case trainingThroughput = "hausdorffd_training_images_per_second"
  case certificateExpiry = "hausdorffd_tls_certificate_expiry_timestamp_seconds"
  case ready = "hausdorffd_ready"
  case build = "hausdorffd_build_info"
  case processorTime = "process_cpu_seconds_total"
  case residentMemory = "process_resident_memory_bytes"
  case virtualMemory = "process_virtual_memory_bytes"
  case openDescriptors = "process_open_fds"
  case descriptorLimit = "process_max_fds"
  case threads = "process_threads"
  case startTime = "process_start_time_seconds"

  /// What Prometheus calls its kind.
  var kind: String {
    switch self {
    case .requestDuration, .queueWait, .epochDuration: "histogram"
    default: rawValue.hasSuffix("_total") ? "counter" : "gauge"
    }
  }

  var help: String {
    switch self {
    case .requests:
      "HTTP requests by their answers' status; none where the connection ended before the answer."
    case .requestDuration: "Time from a request's head to the end of its answer."
    case .receivedBytes: "Bytes of request bodies as they arrived."
    case .sentBytes: "Bytes of the bodies of answers."
    case .connections: "Open connections."
    case .activeRequests: "Requests between their head and the end of their answer."
    case .refused: "Requests refused for who sent them or for want of room."
    case .places: "Requests that have a place: being received, waiting or worked on."
    case .placesLimit: "Requests that may have a place at once."
    case .waiting: "Requests that wait for a worker."
    case .queuedBytes: "Bytes that requests with a place take."
    case .queuedBytesLimit: "Bytes that they may take together."
    case .queueWait: "Time that requests waited for a worker."
    case .workers: "Workers that there may be."
    case .busyWorkers: "Workers that work now."
    case .itemsScored: "Items scored: one for each metric of a pair of masks, batch entry and label."
    case .losses: "Items of losses evaluated: one for each loss of a batch entry."
    case .emptyMasks: "Items with empty masks by the side that was empty."
    case .jobs: "Training jobs of the store by state."
    case .epochDuration: "Time of epochs with their validation."
    case .trainingThroughput: "Images a second that the running jobs train on, together."
    case .certificateExpiry: "When the certificate expires, in seconds since 1970."
    case .ready: "Whether the server is ready."
    case .build: "The version that runs."
    case .processorTime: "Processor time of the process."
    case .residentMemory: "Resident memory of the process."
    case .virtualMemory: "Virtual memory of the process."
    case .openDescriptors: "Open file descriptors."
    case .descriptorLimit: "File descriptors that may be open."
    case .threads: "Threads of the process."
    case .startTime: "When the process started, in seconds since 1970."
    }
  }
}
