// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import org.jspecify.annotations.Nullable;
import org.osgi.service.log.Logger;

/** Tells the host's log. */
record LogReporter(Logger log) implements Reporter {
  @Override
  public void info(String message) {
    log.info("{}", message);
  }

  @Override
  public void warn(String message, @Nullable Throwable cause) {
    if (cause == null) {
      log.warn("{}", message);
    } else {
      log.warn("{}", message, cause);
    }
  }
}
