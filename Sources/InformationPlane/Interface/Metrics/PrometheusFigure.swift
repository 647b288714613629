/// A number that is counted elsewhere, as it stands when it is asked for.
public struct PrometheusFigure: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable {
    /// Only grows while the process lives; its name ends in `_total`.
    case counter
    case gauge
  }

  let name: String
  let kind: Kind
  let help: String
  /// As they stand between the braces.
  let labels: String
  let value: Int

  /// - Parameters:
  ///   - name: what is not allowed in a name becomes `_`; a counter's gets `_total` where it lacks it.
  ///   - help: one sentence.
  public init(
    _ name: String, _ kind: Kind, _ help: String, _ value: Int, labels: [(String, String)] = []
  ) {
    let clean = PrometheusText.name(name)
    self.name = kind == .counter && !clean.hasSuffix("_total") ? clean + "_total" : clean
    self.kind = kind
    self.help = help
    self.labels = PrometheusText.labels(labels)
    self.value = value
  }
}
