// SPDX-License-Identifier: Apache-2.0
/** Shell commands for scripts: run, print, end. */
@NullMarked
package ib.host.internal.exec;

import org.jspecify.annotations.NullMarked;
