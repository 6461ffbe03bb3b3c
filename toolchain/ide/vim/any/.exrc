" For Vim and Neovim, by `pisdk ide vim`; they read it in this folder with `:set exrc`.
" :make builds; :PisdkRun 4 and :PisdkTest run under emulation.
let &makeprg = 'pisdk build'
command! -nargs=* PisdkRun !pisdk run -n <args>
command! PisdkTest !pisdk test
command! PisdkDeploy !pisdk deploy
