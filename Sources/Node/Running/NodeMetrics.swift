internal import CoreMetrics
internal import Engine
internal import Interface
internal import Metrics
internal import Model

/// What `/metrics` shows of a node.
enum NodeMetrics {
  /// One registry a process, made and installed on first use.
  static let registry: PrometheusRegistry = {
    let registry = PrometheusRegistry(help: [
      "hb_request_errors_total": "Requests that ended in an error of the server's framework.",
      "hb_requests_total": "Requests that were answered.",
      "http_server_active_requests": "Requests that are being answered.",
      "http_server_request_duration_seconds": "From a request's head to the end of its answer.",
      "jointcloud_object_bytes_total": "Bytes of objects that came from and went to peers, as they passed.",
    ])
    MetricsSystem.bootstrap(registry)
    return registry
  }()

  /// Bytes of objects that came from peers, those of transfers that were cut included.
  static let objectBytesReceived = objectBytes("received")
  /// Bytes of objects that were read for peers.
  static let objectBytesSent = objectBytes("sent")

  private static func objectBytes(_ direction: String) -> Counter {
    _ = registry
    return Counter(label: "jointcloud_object_bytes", dimensions: [("direction", direction)])
  }

  /// The node's measurements and what its engine counts, as they stand now.
  static func exposition(_ summary: NodeEngine.Summary) -> String {
    // Rates need counters that stand at 0 before there is anything to count.
    objectBytesReceived.increment(by: 0)
    objectBytesSent.increment(by: 0)
    return registry.exposition(with: network(summary) + work(summary))
  }

  private static func network(_ summary: NodeEngine.Summary) -> [PrometheusFigure] {
    let traffic = summary.traffic
    func counter(_ name: String, _ help: String, _ label: String, _ values: [(String, Int)]) -> [PrometheusFigure] {
      values.map { PrometheusFigure(name, .counter, help, $0.1, labels: [(label, $0.0)]) }
    }
    return summary.membersByState.sorted { $0.key < $1.key }.map {
      PrometheusFigure(
        "jointcloud_members", .gauge, "Nodes of the network that are known here, this one among the alive.", $0.value,
        labels: [("state", $0.key)])
    }
      + [
        PrometheusFigure("jointcloud_overlay_links", .gauge, "Streams open to other members.", summary.links),
        PrometheusFigure(
          "jointcloud_overlay_local_health", .gauge,
          "How far the node distrusts its own observations: 0 is well, 8 is worst.", summary.localHealth),
      ]
      + counter(
        "jointcloud_overlay_datagrams_total", "Datagrams of the overlay.", "direction",
        [("sent", traffic.datagramsSent), ("received", traffic.datagramsReceived)])
      + counter(
        "jointcloud_overlay_datagram_bytes_total", "Bytes of the overlay's datagrams.", "direction",
        [("sent", traffic.datagramBytesSent), ("received", traffic.datagramBytesReceived)])
      + counter(
        "jointcloud_overlay_frames_total", "Frames of control streams.", "direction",
        [("sent", traffic.framesSent), ("received", traffic.framesReceived)])
      + counter(
        "jointcloud_overlay_frame_bytes_total", "Bytes of control streams' frames before encryption.", "direction",
        [("sent", traffic.frameBytesSent), ("received", traffic.frameBytesReceived)])
      + counter(
        "jointcloud_overlay_facts_total",
        "Bodies of others' facts: all copies received, and of those the ones that were new and whose signature held.",
        "kind", [("received", traffic.factBodiesReceived), ("taken", traffic.factsTaken)])
      + [
        PrometheusFigure(
          "jointcloud_overlay_failures_total", .counter, "How often a member was held failed.", traffic.failures)
      ]
      + counter(
        "jointcloud_dropped_total", "What came in and was refused, by reason.", "reason",
        summary.dropped.sorted { $0.key < $1.key })
  }

  private static func work(_ summary: NodeEngine.Summary) -> [PrometheusFigure] {
    [
      PrometheusFigure(
        "jointcloud_collaborations", .gauge, "Collaborations whose ledger is here.", summary.collaborations),
      PrometheusFigure("jointcloud_tasks_open", .gauge, "Tasks on ledgers here that are not over.", summary.openTasks),
      PrometheusFigure("jointcloud_events_queued", .gauge, "Events that wait in the queues.", summary.queuedEvents),
      PrometheusFigure(
        "jointcloud_outbox_messages", .gauge, "Messages that their receivers have not settled.", summary.outbox),
    ]
      + [("total", summary.total), ("committed", summary.committed)].map {
        PrometheusFigure(
          "jointcloud_cpu_millicores", .gauge, "CPU offered to others, and promised of it, in thousandths of a core.",
          $0.1.cpuMillicores, labels: [("state", $0.0)])
      }
  }
}
