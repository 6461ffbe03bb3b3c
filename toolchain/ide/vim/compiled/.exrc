" :PisdkDebug 2 4 debugs rank 2 of 4 with gdb, in Vim's Termdebug.
function! s:debug(rank, ranks) abort
  call system('pisdk build --debug')
  if v:shell_error
    echoerr 'pisdk build --debug failed'
    return
  endif
  packadd termdebug
  let g:termdebugger = '@GDB@'
  execute 'Termdebug @BINARY@'
  call TermDebugSendCommand('source @BUILD@/gdbinit')
  call TermDebugSendCommand('target remote | pisdk debug --debug -n ' . a:ranks . ' --rank ' . a:rank . ' --serve - @PROGRAM@')
endfunction
command! -nargs=+ PisdkDebug call s:debug(<f-args>)
