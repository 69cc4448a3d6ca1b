// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import org.jspecify.annotations.Nullable;

/** Hardware that did not open or did not pass its probe. The message is the reason to show. */
final class AttachmentFailure extends Exception {
  private static final long serialVersionUID = 1L;

  AttachmentFailure(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
