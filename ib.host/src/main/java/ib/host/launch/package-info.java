// SPDX-License-Identifier: Apache-2.0
/** What runs outside the framework: the command line, and the start of the framework itself. */
@NullMarked
package ib.host.launch;

import org.jspecify.annotations.NullMarked;
