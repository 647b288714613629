internal import CoreMetrics
internal import Engine
internal import Interface
internal import Metrics
internal import Model

/// What `/metrics` shows of a node.
enum NodeMetrics {
  /// One registry a process, made and installed on first use.
  static let registry: PrometheusRegistry = {
    let registry = PrometheusRegistry()
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

  static func record(_ summary: NodeEngine.Summary, dropped: [String: Int]) {
    _ = registry
    Gauge(label: "jointcloud_members").record(summary.members)
    Gauge(label: "jointcloud_members_alive").record(summary.membersAlive)
    Gauge(label: "jointcloud_collaborations").record(summary.collaborations)
    Gauge(label: "jointcloud_tasks_open").record(summary.openTasks)
    Gauge(label: "jointcloud_events_queued").record(summary.queuedEvents)
    Gauge(label: "jointcloud_outbox_messages").record(summary.outbox)
    Gauge(label: "jointcloud_cpu_millicores", dimensions: [("state", "total")]).record(summary.total.cpuMillicores)
    Gauge(label: "jointcloud_cpu_millicores", dimensions: [("state", "committed")])
      .record(summary.committed.cpuMillicores)
    for (reason, count) in dropped.sorted(by: { $0.key < $1.key }) {
      Gauge(label: "jointcloud_dropped", dimensions: [("reason", reason)]).record(count)
    }
  }
}
