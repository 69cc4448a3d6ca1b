// SPDX-License-Identifier: Apache-2.0
/** What core shows to operators. */
@NullMarked
package ib.core.internal.command;

import org.jspecify.annotations.NullMarked;
