extension String {
  /// The text with a space for everything that could steer a terminal, begin a line of its own or turn the writing
  /// round. Names, reasons and notices come from other nodes.
  var printable: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.map { scalar in
          switch scalar.properties.generalCategory {
          case .control, .format, .lineSeparator, .paragraphSeparator: " "
          default: scalar
          }
        }))
  }
}
