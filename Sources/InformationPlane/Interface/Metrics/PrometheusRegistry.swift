public import CoreMetrics
import Synchronization

/// Collects the node's measurements and writes them as Prometheus' text format, version 0.0.4.
///
/// Labels become names by writing `_` for what is not allowed. Counters get `_total`, timers `_seconds`.
/// Dimensions are sorted, so that one series has one spelling. The number of series is bounded.
public final class PrometheusRegistry: MetricsFactory {
  /// Series at most; what comes after is measured nowhere, and counted in
  /// `jointcloud_metrics_series_refused_total`.
  public static let seriesLimit = 5_000

  enum Kind: String {
    case counter, gauge, histogram
  }

  /// What each name is, for the HELP lines; one that is not described says where it comes from.
  private let help: [String: String]

  private struct Family {
    var kind: Kind
    var series: [String: any PrometheusSeries] = [:]
  }

  private struct State {
    var families: [String: Family] = [:]
    var seriesCount = 0
    var refusedCount = 0
  }

  private let state = Mutex(State())

  /// - Parameter help: a sentence for each name, as it stands in the exposition.
  public init(help: [String: String] = [:]) {
    self.help = help
  }

  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    series(label, "_total", .counter, dimensions) { CounterSeries() }
  }

  public func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    series(label, "_total", .counter, dimensions) { FloatingPointCounterSeries() }
  }

  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    series(label, "", .gauge, dimensions) { GaugeSeries() }
  }

  public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    if aggregate {
      return series(label, "", .histogram, dimensions) { HistogramSeries(bounds: HistogramSeries.amounts) }
    }
    return series(label, "", .gauge, dimensions) { GaugeSeries() }
  }

  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    series(label, "_seconds", .histogram, dimensions) { HistogramSeries(bounds: HistogramSeries.seconds) }
  }

  // A series lives as long as the process: Prometheus expects counters to stay.
  public func destroyCounter(_ handler: any CounterHandler) {}
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  public func destroyMeter(_ handler: any MeterHandler) {}
  public func destroyRecorder(_ handler: any RecorderHandler) {}
  public func destroyTimer(_ handler: any TimerHandler) {}

  /// All measurements, sorted by name and labels.
  ///
  /// - Parameter figures: what somebody else counts, as it stands now. A name that is measured here already is not
  ///   written a second time.
  public func exposition(with figures: [PrometheusFigure] = []) -> String {
    let state = state.withLock { $0 }
    let refused = PrometheusFigure(
      "jointcloud_metrics_series_refused_total", .counter, "Series that were not kept since there are too many.",
      state.refusedCount)
    let told = Dictionary(grouping: figures + [refused], by: \.name).filter { state.families[$0.key] == nil }
    var out = ""
    for name in Set(state.families.keys).union(told.keys).sorted() {
      if let family = state.families[name] {
        out += PrometheusText.head(name, family.kind.rawValue, help[name] ?? "Measured by a library of the node.")
        for labels in family.series.keys.sorted() {
          family.series[labels]?.write(name: name, labels: labels, to: &out)
        }
      } else if let series = told[name], let first = series.first {
        out += PrometheusText.head(name, first.kind.rawValue, first.help)
        for figure in series.sorted(by: { $0.labels < $1.labels }) {
          out += PrometheusText.line(name, figure.labels, "\(figure.value)")
        }
      }
    }
    return out
  }

  /// The series of that name and labels, made on first use. Where the name is taken by another kind, or there are
  /// too many, the caller gets one that nobody reads.
  private func series<Series: PrometheusSeries>(
    _ label: String, _ suffix: String, _ kind: Kind, _ dimensions: [(String, String)], make: () -> Series
  ) -> Series {
    var name = PrometheusText.name(label)
    if !name.hasSuffix(suffix) { name += suffix }
    let labels = PrometheusText.labels(dimensions)
    return state.withLock { state in
      var family = state.families[name] ?? Family(kind: kind)
      if let known = family.series[labels] as? Series { return known }
      let made = make()
      guard family.kind == kind, family.series[labels] == nil, state.seriesCount < Self.seriesLimit else {
        state.refusedCount += 1
        return made
      }
      family.series[labels] = made
      state.families[name] = family
      state.seriesCount += 1
      return made
    }
  }
}
