import Engine
import Interface
import Model

/// The second task: it really computes.
extension DemoPlay {
  private static let points = 96_000_000

  private static let manifest = """
    # Estimates pi with random points; each subtask seeds its generator with its first number.
    apiVersion: jointcloud/v1
    kind: Task
    metadata: {name: pi}
    spec:
      work: simulation
      inputs:
        - {name: point, range: {from: 1, to: \(points), parts: 12}}
      command:
        - awk
        - |
          BEGIN {
            first = ENVIRON["INPUT_POINT_FIRST"]; last = ENVIRON["INPUT_POINT_LAST"]
            srand(first)
            for (i = first; i <= last; i++) { x = rand(); y = rand(); if (x * x + y * y <= 1) inside++ }
            printf "%d %d\\n", inside, last - first + 1
          }
      resources: {cpu: 500m, memory: 32Mi}
      priceLimit: 0.0002
      timeouts: {negotiate: 5s, queue: 30s, execute: 60s, total: 90s}
      reduce:
        command: [awk, '{inside += $1; all += $2} END {printf "%d %d\\n", inside, all}']
        resources: {cpu: 250m, memory: 32Mi}

    """

  mutating func estimatePi() async throws {
    _ = try folder.write("pi.yaml", Self.manifest)
    let view = try await submit("pi", "a Monte-Carlo estimate over a range")
    let collaboration = try await opened(view.task).collaboration
    let lost = try await changeCoordinators(of: view.task, in: collaboration)
    let detail = try await finish(view.task, "estimate", losing: lost) { detail in
      let numbers = try await output(of: detail).split { $0 == " " || $0 == "\n" }.compactMap { Int($0) }
      guard numbers.count == 2, numbers[1] == Self.points else {
        throw Failure(step: "the reduced result is not two numbers over \(Self.points) points")
      }
      let estimate = 4 * Double(numbers[0]) / Double(numbers[1])
      // Five standard deviations of such an estimate: 4 * sqrt(p * (1 - p) / n) with p = pi / 4.
      let chance = Double.pi / 4
      let bound = 5 * 4 * (chance * (1 - chance) / Double(Self.points)).squareRoot()
      let error = abs(estimate - Double.pi)
      guard error < bound else {
        throw Failure(step: "the estimate \(estimate) is off by \(error), more than chance allows (\(bound))")
      }
      let shown = Self.decimals(estimate, 5)
      report.keep("pi", .string(shown))
      report.keep("points", .integer(Int64(Self.points)))
      let seconds = detail.participants.reduce(0) { $0 + $1.cpuMilliseconds }
      return "pi is about \(shown) after \(Self.points / 1_000_000) million points and "
        + "\(DemoReport.seconds(Int64(seconds), width: 0)) s of CPU; off by \(Self.decimals(error, 5)), "
        + "\(Self.decimals(bound, 5)) is the bound"
    }
    show(detail)
    try await comeBack(to: collaboration)
    try await callElection(in: collaboration)
  }

  private static func decimals(_ value: Double, _ digits: Int) -> String {
    let scale = (0..<digits).reduce(1) { scale, _ in scale * 10 }
    let scaled = Int((value * Double(scale)).rounded())
    let fraction = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}
