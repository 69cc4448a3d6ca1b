// SPDX-License-Identifier: Apache-2.0
package it.workspace;

import it.workspace.Pom.Dependency;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The files of {@code cnf/} that are generated from the poms: the index of what the workspace may
 * use, and the class paths of its projects.
 */
final class WorkspaceFiles {
  private static final String NOTE =
      "# Generated from the poms, which are the source; see cnf/build.bnd. Do not edit.\n";

  private final Path root;
  private final Pom parent;
  private final Map<String, String> versions = new TreeMap<>();

  WorkspaceFiles(Path root) {
    this.root = root;
    this.parent = Pom.read(root.resolve("pom.xml"));
    parent.managedDependencies().stream()
        .filter(managed -> !managed.isOurs())
        .forEach(managed -> expand(managed).forEach(ga -> versions.put(ga, managed.version())));
  }

  /** Path below the checkout, and content. */
  Map<String, String> contents() {
    Map<String, String> contents = new TreeMap<>();
    contents.put("cnf/central.mvn", index());
    contents.put("cnf/ext/projects.bnd", projects());
    return contents;
  }

  /** The modules that are bundles, and so projects of the workspace. */
  List<String> projectNames() {
    return parent.modules().stream()
        .filter(module -> Files.exists(root.resolve(module).resolve("bnd.bnd")))
        .toList();
  }

  private String index() {
    return versions.entrySet().stream()
        .map(entry -> entry.getKey() + ":" + entry.getValue() + "\n")
        .collect(Collectors.joining("", NOTE, ""));
  }

  private String projects() {
    StringBuilder text = new StringBuilder(NOTE);
    text.append("\nBundle-Version: ").append(parent.version().replace('-', '.')).append("\n");
    for (String project : projectNames()) {
      Pom pom = Pom.read(root.resolve(project).resolve("pom.xml"));
      List<Dependency> all = new ArrayList<>(parent.dependencies());
      all.addAll(pom.dependencies());
      appendPath(
          text, "buildpath." + project, all, scope -> !List.of("test", "runtime").contains(scope));
      appendPath(text, "testpath." + project, all, "test"::equals);
    }
    return text.toString();
  }

  private void appendPath(
      StringBuilder text, String macro, List<Dependency> all, Predicate<String> scope) {
    text.append("\n").append(macro).append(":");
    all.stream()
        .filter(dependency -> scope.test(dependency.scope()))
        .flatMap(this::clauses)
        .forEach(clause -> text.append("\\\n\t").append(clause).append(","));
    if (text.charAt(text.length() - 1) == ',') {
      text.setLength(text.length() - 1);
    }
    text.append("\n");
  }

  private Stream<String> clauses(Dependency dependency) {
    return dependency.isOurs()
        ? Stream.of(dependency.artifactId() + ";version=latest")
        : expand(dependency).map(this::clause);
  }

  private String clause(String ga) {
    String version = versions.get(ga);
    if (version == null) {
      throw new IllegalStateException(ga + " has no managed version in the parent pom");
    }
    return ga + ";version=latest";
  }

  /** What a Bill of Materials or an aggregating artifact stands for on a class path. */
  private static Stream<String> expand(Dependency dependency) {
    return switch (dependency.artifactId()) {
      case "junit-bom", "junit-jupiter" ->
          Stream.of(
              "org.junit.jupiter:junit-jupiter-api", "org.junit.jupiter:junit-jupiter-params");
      default ->
          dependency.isJar()
              ? Stream.of(dependency.groupId() + ":" + dependency.artifactId())
              : Stream.empty();
    };
  }
}
