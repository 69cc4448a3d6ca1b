// SPDX-License-Identifier: Apache-2.0
package it.workspace;

import static org.assertj.core.api.Assertions.assertThat;

import aQute.bnd.build.Project;
import aQute.bnd.build.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The checkout is a Bndtools workspace, and its lists are those of the poms. */
class WorkspaceTest {
  private static final Path ROOT =
      Path.of(System.getProperty("openhca.root", "..")).toAbsolutePath().normalize();

  private final WorkspaceFiles files = new WorkspaceFiles(ROOT);

  @Test
  void shouldHoldTheDependenciesOfThePoms() throws IOException {
    for (Map.Entry<String, String> file : files.contents().entrySet()) {
      Path path = ROOT.resolve(file.getKey());
      if (Boolean.getBoolean("openhca.writeWorkspace")) {
        Files.writeString(path, file.getValue());
      }
      assertThat(path)
          .as("%s; to write it anew see cnf/build.bnd", file.getKey())
          .hasContent(file.getValue());
    }
  }

  @Test
  void shouldPrepareEveryProject() throws Exception {
    try (Workspace workspace = new Workspace(ROOT.toFile())) {
      assertThat(workspace.getAllProjects())
          .extracting(Project::getName)
          .containsExactlyInAnyOrderElementsOf(files.projectNames());
      for (Project project : workspace.getAllProjects()) {
        project.prepare();
        assertThat(project.getErrors()).as(project.getName()).isEmpty();
        assertThat(project.getBuildpath()).as(project.getName()).isNotEmpty();
      }
      assertThat(workspace.getErrors()).isEmpty();
    }
  }
}
