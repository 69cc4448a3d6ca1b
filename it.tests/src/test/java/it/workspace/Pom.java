// SPDX-License-Identifier: Apache-2.0
package it.workspace;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** What the workspace's files need from a pom: its dependencies, managed and own, in order. */
final class Pom {
  private static final Pattern PROPERTY = Pattern.compile("\\$\\{([^}]+)}");

  /** A dependency; version and scope are empty where the pom leaves them out. */
  record Dependency(String groupId, String artifactId, String version, String scope, String type) {
    boolean isOurs() {
      return groupId.equals("org.openhca");
    }

    boolean isJar() {
      return type.isEmpty() || type.equals("jar");
    }
  }

  private final Element project;
  private final Map<String, String> properties = new HashMap<>();

  private Pom(Element project) {
    this.project = project;
    child(project, "properties")
        .flatMap(Pom::children)
        .forEach(
            property -> properties.put(property.getTagName(), property.getTextContent().trim()));
    properties.put("project.version", text(project, "version"));
  }

  static Pom read(Path file) {
    try {
      DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
      return new Pom(factory.newDocumentBuilder().parse(file.toFile()).getDocumentElement());
    } catch (Exception e) {
      throw new IllegalStateException("can't read " + file, e);
    }
  }

  String version() {
    return text(project, "version");
  }

  List<String> modules() {
    return child(project, "modules").flatMap(Pom::children).map(Node::getTextContent).toList();
  }

  List<Dependency> managedDependencies() {
    return dependencies(child(project, "dependencyManagement"));
  }

  List<Dependency> dependencies() {
    return dependencies(Stream.of(project));
  }

  private List<Dependency> dependencies(Stream<Element> parent) {
    return parent
        .flatMap(element -> child(element, "dependencies"))
        .flatMap(Pom::children)
        .map(
            dependency ->
                new Dependency(
                    text(dependency, "groupId"),
                    text(dependency, "artifactId"),
                    text(dependency, "version"),
                    text(dependency, "scope"),
                    text(dependency, "type")))
        .toList();
  }

  private String text(Element parent, String name) {
    String raw = child(parent, name).map(e -> e.getTextContent().trim()).findFirst().orElse("");
    return PROPERTY
        .matcher(raw)
        .replaceAll(
            property ->
                Matcher.quoteReplacement(
                    properties.getOrDefault(property.group(1), property.group())));
  }

  private static Stream<Element> child(Element parent, String name) {
    return children(parent).filter(element -> element.getTagName().equals(name));
  }

  private static Stream<Element> children(Element parent) {
    List<Element> elements = new ArrayList<>();
    for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
      if (node instanceof Element element) {
        elements.add(element);
      }
    }
    return elements.stream();
  }
}
