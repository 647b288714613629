import Foundation
import Testing

extension EndToEnd {
  @Suite struct MetricsTests {
    @Test func promtoolFindsNothingToCorrectAndEveryScrapeIsFresh() throws {
      try TestNetwork.with { network in
        let node = try network.make("a")
        try network.found(node)
        try node.start(arguments: ["--http", "127.0.0.1:0"])
        // A request before it gives the framework's own series.
        _ = try node.ask("node", "status")
        let text = try node.metrics()
        let checked = try Binary.run(["check", "metrics"], program: "/usr/bin/promtool", input: text)
        #expect(checked.status == 0, "\(checked.output) \(checked.errors)")
        for (series, kind) in [
          ("jointcloud_overlay_datagrams_total", "counter"), ("jointcloud_overlay_datagram_bytes_total", "counter"),
          ("jointcloud_overlay_frames_total", "counter"), ("jointcloud_overlay_frame_bytes_total", "counter"),
          ("jointcloud_overlay_facts_total", "counter"), ("jointcloud_members", "gauge"),
          ("jointcloud_overlay_local_health", "gauge"), ("jointcloud_overlay_links", "gauge"),
          ("jointcloud_overlay_failures_total", "counter"),
        ] {
          #expect(text.contains("# TYPE \(series) \(kind)\n"), "\(series)")
          #expect(text.contains("# HELP \(series) "), "\(series)")
        }
        let described = try String(contentsOfFile: Binary.root + "/docs/operating.md", encoding: .utf8)
        for line in text.split(separator: "\n") where line.hasPrefix("# TYPE jointcloud_") {
          let name = line.split(separator: " ")[2]
          #expect(described.contains("`\(name)"), "\(name)")
        }
        #expect(try node.metric("jointcloud_members{state=\"alive\"}") == 1)
        #expect(try node.metric("jointcloud_dropped_total{reason=\"overlay: oversize\"}") == 0)
        try node.connectAndSend("no handshake of anybody's")
        // At once, without waiting for a next measurement.
        try until("the dropped connection is counted", seconds: 5) {
          try node.metric("jointcloud_dropped_total{reason=\"overlay: oversize\"}") > 0 ? () : nil
        }
      }
    }

    @Test func promtoolRefusesWhatWouldBeWrong() throws {
      let text = "# HELP a Counts.\n# TYPE a counter\na 1\n"
      let checked = try Binary.run(["check", "metrics"], program: "/usr/bin/promtool", input: text)
      #expect(checked.status != 0)
    }
  }
}
