import CoreMetrics
import Synchronization

/// One line or block of lines of the exposition.
protocol PrometheusSeries: AnyObject, Sendable {
  func write(name: String, labels: String, to out: inout String)
}

final class CounterSeries: CounterHandler, PrometheusSeries {
  private let value = Atomic<Int64>(0)

  func increment(by amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }
  func reset() { value.store(0, ordering: .relaxed) }

  func write(name: String, labels: String, to out: inout String) {
    out += PrometheusText.line(name, labels, "\(value.load(ordering: .relaxed))")
  }
}

final class FloatingPointCounterSeries: FloatingPointCounterHandler, PrometheusSeries {
  private let value = Mutex(0.0)

  func increment(by amount: Double) {
    guard amount.isFinite, amount >= 0 else { return }
    value.withLock { $0 += amount }
  }

  func reset() { value.withLock { $0 = 0 } }

  func write(name: String, labels: String, to out: inout String) {
    out += PrometheusText.line(name, labels, PrometheusText.number(value.withLock { $0 }))
  }
}

final class GaugeSeries: MeterHandler, RecorderHandler, PrometheusSeries {
  private let value = Mutex(0.0)

  func set(_ new: Int64) { value.withLock { $0 = Double(new) } }
  func set(_ new: Double) { value.withLock { $0 = new } }
  func increment(by amount: Double) { value.withLock { $0 += amount } }
  func decrement(by amount: Double) { value.withLock { $0 -= amount } }
  func record(_ new: Int64) { set(new) }
  func record(_ new: Double) { set(new) }

  func write(name: String, labels: String, to out: inout String) {
    out += PrometheusText.line(name, labels, PrometheusText.number(value.withLock { $0 }))
  }
}

final class HistogramSeries: RecorderHandler, TimerHandler, PrometheusSeries {
  static let seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
  static let amounts = [1.0, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

  private struct State {
    /// How many values fell between the bound before and this one; the last is above all bounds.
    var counts: [Int]
    var sum = 0.0
  }

  private let bounds: [Double]
  private let state: Mutex<State>

  init(bounds: [Double]) {
    self.bounds = bounds
    state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
  }

  func record(_ value: Int64) { record(Double(value)) }
  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

  func record(_ value: Double) {
    guard value.isFinite else { return }
    let place = bounds.firstIndex { value <= $0 } ?? bounds.count
    state.withLock {
      $0.counts[place] += 1
      $0.sum += value
    }
  }

  func write(name: String, labels: String, to out: inout String) {
    let state = state.withLock { $0 }
    var total = 0
    for (index, count) in state.counts.enumerated() {
      total += count
      let bound = index < bounds.count ? PrometheusText.number(bounds[index]) : "+Inf"
      let all = labels.isEmpty ? "le=\"\(bound)\"" : "\(labels),le=\"\(bound)\""
      out += PrometheusText.line(name + "_bucket", all, "\(total)")
    }
    out += PrometheusText.line(name + "_sum", labels, PrometheusText.number(state.sum))
    out += PrometheusText.line(name + "_count", labels, "\(total)")
  }
}
