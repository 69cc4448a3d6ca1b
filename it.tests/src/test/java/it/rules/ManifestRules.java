// SPDX-License-Identifier: Apache-2.0
package it.rules;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.Manifest;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Rules over what a bundle declares: each answers with the violations, in words. */
final class ManifestRules {
  private static final Pattern SERVICE_REFERENCE =
      Pattern.compile("<reference[^>]*\\sinterface=\"([^\"]+)\"");

  private ManifestRules() {}

  /** A bundle imports of ours only what its room may. */
  static List<String> forbiddenImports(Room room, Manifest manifest) {
    return clauses(manifest, "Import-Package").keySet().stream()
        .filter(Room::isOurs)
        .filter(imported -> !room.mayImport(imported))
        .filter(imported -> !room.owns(imported) || Room.isCopied(imported))
        .map(imported -> room.folder + " imports " + imported)
        .toList();
  }

  /**
   * APIs, kits and transport export their own versioned packages and none that is internal; whoever
   * gets swapped or is not meant to be compiled against exports nothing.
   */
  static List<String> forbiddenExports(Room room, Manifest manifest) {
    Map<String, String> exports = clauses(manifest, "Export-Package");
    boolean mayExport =
        room.kind == Room.Kind.API || room.kind == Room.Kind.KIT || room == Room.TRANSPORT;
    return exports.entrySet().stream()
        .flatMap(export -> exportProblems(room, mayExport, export.getKey(), export.getValue()))
        .toList();
  }

  private static Stream<String> exportProblems(
      Room room, boolean mayExport, String packageName, String attributes) {
    if (!mayExport) {
      return Stream.of(room.folder + " exports " + packageName);
    }
    return Stream.of(
            room.owns(packageName) ? "" : room.folder + " exports the foreign " + packageName,
            packageName.contains("internal") || Room.isCopied(packageName)
                ? room.folder + " exports " + packageName
                : "",
            attributes.contains("version=\"1.")
                ? ""
                : room.folder + " exports " + packageName + " without a version from 1.0")
        .filter(problem -> !problem.isEmpty());
  }

  /** A component description refers to no raw device or ops service, nor to a driver's side. */
  static List<String> forbiddenReferences(String componentXml) {
    return SERVICE_REFERENCE
        .matcher(componentXml)
        .results()
        .map(found -> found.group(1))
        .filter(
            type -> ClassRules.NOT_FOR_PROTOCOLS.contains(type) || type.startsWith("ib.verbs.spi."))
        .map(type -> "a component refers to the service " + type)
        .toList();
  }

  /** The packages of a header with their attributes and directives. */
  static Map<String, String> clauses(Manifest manifest, String header) {
    Map<String, String> clauses = new TreeMap<>();
    String value = manifest.getMainAttributes().getValue(header);
    if (value == null) {
      return clauses;
    }
    // A clause ends at a comma outside of quotes.
    Matcher clause = Pattern.compile("((?:[^,\"]|\"[^\"]*\")+)").matcher(value);
    while (clause.find()) {
      String[] parts = clause.group(1).split(";", 2);
      clauses.put(parts[0].trim(), parts.length > 1 ? parts[1] : "");
    }
    return clauses;
  }
}
