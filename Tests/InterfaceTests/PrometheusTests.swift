import CoreMetrics
import Interface
import Testing

@Suite struct PrometheusTests {
  @Test func measurementsAreWrittenAsPrometheusReadsThem() {
    let registry = PrometheusRegistry()
    registry.makeCounter(label: "node.messages", dimensions: [("reason", "a\"b\\c\n"), ("kind", "x")]).increment(by: 3)
    registry.makeMeter(label: "queue", dimensions: []).set(2.5)
    let timer = registry.makeTimer(label: "step", dimensions: [])
    timer.recordNanoseconds(3_000_000)
    timer.recordNanoseconds(90_000_000_000)
    let lines = registry.exposition().split(separator: "\n").map(String.init)
    #expect(lines.contains("# TYPE node_messages_total counter"))
    #expect(lines.contains(#"node_messages_total{kind="x",reason="a\"b\\c\n"} 3"#))
    #expect(lines.contains("# TYPE queue gauge"))
    #expect(lines.contains("queue 2.5"))
    #expect(lines.contains(#"step_seconds_bucket{le="0.0025"} 0"#))
    #expect(lines.contains(#"step_seconds_bucket{le="0.005"} 1"#))
    #expect(lines.contains(#"step_seconds_bucket{le="60"} 1"#))
    #expect(lines.contains(#"step_seconds_bucket{le="+Inf"} 2"#))
    #expect(lines.contains("step_seconds_count 2"))
    #expect(lines.contains("step_seconds_sum 90.003"))
  }

  @Test func figuresThatAreCountedElsewhereStandAmongTheOthersWithTheirHelp() {
    let registry = PrometheusRegistry(help: ["b_total": "Second."])
    registry.makeCounter(label: "b", dimensions: []).increment(by: 1)
    let text = registry.exposition(with: [
      PrometheusFigure("c", .gauge, "Third\nof them.", 3, labels: [("y", "2"), ("x", "1")]),
      PrometheusFigure("a", .counter, "First.", 9), PrometheusFigure("b", .counter, "Taken.", 7),
    ])
    #expect(
      text.hasPrefix(
        """
        # HELP a_total First.
        # TYPE a_total counter
        a_total 9
        # HELP b_total Second.
        # TYPE b_total counter
        b_total 1
        # HELP c Third\\nof them.
        # TYPE c gauge
        c{x="1",y="2"} 3

        """))
  }

  @Test func oneNameAndLabelsAreOneSeries() {
    let registry = PrometheusRegistry()
    registry.makeCounter(label: "a", dimensions: [("x", "1"), ("y", "2")]).increment(by: 1)
    registry.makeCounter(label: "a", dimensions: [("y", "2"), ("x", "1")]).increment(by: 1)
    #expect(registry.exposition().contains(#"a_total{x="1",y="2"} 2"#))
  }

  @Test func tooManySeriesAreCountedAndNotKept() {
    let registry = PrometheusRegistry()
    for index in 0..<PrometheusRegistry.seriesLimit + 3 {
      registry.makeCounter(label: "many", dimensions: [("index", "\(index)")]).increment(by: 1)
    }
    let text = registry.exposition()
    #expect(text.split(separator: "\n").count { $0.hasPrefix("many_total{") } == PrometheusRegistry.seriesLimit)
    #expect(text.contains("jointcloud_metrics_series_refused_total 3\n"))
  }

  @Test func aNameTakenByAnotherKindIsRefused() {
    let registry = PrometheusRegistry()
    registry.makeMeter(label: "depth_total", dimensions: []).set(1.0)
    registry.makeCounter(label: "depth", dimensions: []).increment(by: 5)
    #expect(registry.exposition().contains("depth_total 1\n"))
    #expect(registry.exposition().contains("jointcloud_metrics_series_refused_total 1\n"))
  }
}
